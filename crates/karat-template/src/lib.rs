//! What a Packer template asks for: HCL2 to a plan of builds.
