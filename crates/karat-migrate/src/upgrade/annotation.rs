//! Comments for people who have not seen HCL2 templates yet.

/// At the start of the file.
pub(super) const FILE: &str = "\
Made of a JSON template by hcl2_upgrade. Read it once before you build with it.

All files of a directory that end in .pkr.hcl are one template, so the blocks below can live in as many files as you
like: variables.pkr.hcl, sources.pkr.hcl, and so on. The order of blocks does not matter.

Two languages meet in a text: ${ … } is HCL2 and evaluated first; {{ … }} is left for the component that the text is
for, which knows things like {{ .HTTPIP }}. Neither can use what the other one calculates.";

/// Before the `packer` block.
pub(super) const PACKER: &str = "Which plugins the template needs, and which version of the program.";

/// Before the variables.
pub(super) const VARIABLES: &str = "\
Inputs: -var name=value, -var-file, files *.auto.pkrvars.hcl and PKR_VAR_name in the environment set them. In a JSON
template every variable is text; here, other types work as well: number, bool, list(string), …";

/// Before the data sources for secrets.
pub(super) const SECRETS: &str = "Secrets that the template asked AWS Secrets Manager for with a function.";

/// Before the data sources for images.
pub(super) const IMAGES: &str = "\
Images that builders searched with source_ami_filter. A data source is read once, before anything is built.";

/// Before the local of the time. Also without annotations, because the value looks different.
pub(super) const TIMESTAMP: &str = "\
When the build started, as YYYYMMDDhhmmss. {{timestamp}} of the JSON template counted seconds since 1970.";

/// Before the locals.
pub(super) const LOCALS: &str = "\
Values that are calculated from others. A variable's default cannot do that, so these variables became locals, and
cannot be set from outside any more.";

/// Before the sources.
pub(super) const SOURCES: &str = "\
Sources were called builders: what to start from. The two labels are the type and a name of your choice.";

/// Before the build.
pub(super) const BUILD: &str =
    "What is done with the sources: provisioners in this order, then post-processors.";
