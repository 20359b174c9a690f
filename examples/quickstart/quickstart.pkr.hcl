# Bakes a small web server out of the tiny base guest that testbed/make leaves in the cache.
# It runs unchanged under Packer 1.16 (with its qemu plugin) and under Karat.

variable "testbed" {
  description = "Where testbed/make put tiny.qcow2, its checksum and the SSH key. Empty: the cache below home."
  type        = string
  default     = env("KARAT_TESTBED")
}

variable "home" {
  description = "The home directory, below which the cache is by default."
  type        = string
  default     = env("HOME")
}

variable "output" {
  description = "The directory that receives the finished image."
  type        = string
  default     = "output-quickstart"
}

variable "accelerator" {
  description = "kvm, tcg, ... Empty: whatever works here."
  type        = string
  default     = ""
}

variable "greeting" {
  type    = string
  default = "Hello from a golden image"
}

locals {
  testbed = var.testbed != "" ? var.testbed : "${var.home}/.cache/karat/testbed"
  sudo    = "echo packer | {{ .Vars }} sudo -S -p '' -E sh '{{ .Path }}'"
}

source "qemu" "web" {
  disk_image       = true
  iso_url          = "${local.testbed}/tiny.qcow2"
  iso_checksum     = "file:${local.testbed}/tiny.qcow2.sha256"
  disk_size        = "256M"
  format           = "qcow2"
  output_directory = var.output
  vm_name          = "web.qcow2"

  accelerator = var.accelerator
  headless    = true
  memory      = 512
  cpus        = 2

  ssh_username         = "packer"
  ssh_private_key_file = "${local.testbed}/id_ed25519"
  ssh_timeout          = "3m"
  shutdown_command     = "echo packer | sudo -S -p '' poweroff"
}

build {
  sources = ["source.qemu.web"]

  provisioner "shell" {
    inline = ["echo \"building on $(uname -sr)\"", "mkdir -p /tmp/upload"]
  }

  provisioner "file" {
    source      = "${path.root}/site"
    destination = "/tmp/upload"
  }

  provisioner "file" {
    source      = "${path.root}/motd"
    destination = "/tmp/upload/motd"
  }

  provisioner "shell" {
    script           = "${path.root}/scripts/install.sh"
    execute_command  = local.sudo
    environment_vars = ["GREETING=${var.greeting}"]
  }

  post-processor "checksum" {
    checksum_types      = ["sha256"]
    output              = "${var.output}/web.{{ .ChecksumType }}"
    keep_input_artifact = true
  }

  post-processor "manifest" {
    output     = "${var.output}/manifest.json"
    strip_path = true
  }
}
