//! HCL2: what a text says and what an expression is worth.
