//! `#[derive(Config)]`: one struct gives the schema, the decoding and the documentation of a configuration.
//!
//! The attributes are described where people meet them: in `karat_sdk::config`.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, Data, DeriveInput, Expr, ExprLit, Field, Fields, Lit, LitStr, Meta, MetaNameValue, Token,
};

/// Derives `karat_sdk::Config` for a struct with named fields.
#[proc_macro_derive(Config, attributes(config))]
pub fn derive_config(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

fn expand(input: &DeriveInput) -> syn::Result<Tokens> {
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new(input.span(), "Config is derived for structs only"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(syn::Error::new(input.span(), "Config needs named fields"));
    };
    let unsupported = unsupported_options(&input.attrs)?;
    let options = fields.named.iter().map(ConfigField::read).collect::<syn::Result<Vec<_>>>()?;
    let schema = options.iter().map(ConfigField::schema);
    let decode = options.iter().map(ConfigField::decode);
    let names = options.iter().map(|option| option.ident);
    let names_again = options.iter().map(|option| option.ident);
    let keep = options.iter().map(ConfigField::keep);
    let name = &input.ident;
    let refuse = unsupported.iter().map(|(option, reason)| {
        quote! { ::karat_sdk::config::refuse_unsupported(value, #option, #reason, &mut problems); }
    });
    let unsupported = unsupported.iter().map(|(option, reason)| {
        quote! {
            schema.attributes.insert(#option.to_string(), ::karat_model::schema::Attribute {
                ty: ::karat_model::value::Type::Any,
                unsupported: Some(#reason.to_string()),
                ..::karat_model::schema::Attribute::new(::karat_model::value::Type::Any)
            });
        }
    });
    Ok(quote! {
        impl ::karat_sdk::config::Config for #name {
            fn schema() -> ::karat_model::schema::Schema {
                let mut schema = ::karat_model::schema::Schema::default();
                #(#schema)*
                #(#unsupported)*
                schema
            }

            fn decode(
                value: &::karat_model::value::Value,
                decoder: &::karat_sdk::config::Decoder,
            ) -> ::std::result::Result<Self, ::karat_sdk::config::Problems> {
                let mut problems = ::karat_sdk::config::Problems::new();
                #(#refuse)*
                #(#decode)*
                match (#(#names,)*) {
                    (#(#keep,)*) if problems.0.is_empty() => Ok(Self { #(#names_again,)* }),
                    _ => Err(problems),
                }
            }
        }
    })
}

/// How a field becomes part of the configuration.
enum Role {
    /// An argument.
    Argument,
    /// A nested block, or a list of them.
    Block { list: bool, inner: Box<syn::Type> },
    /// All options of another configuration.
    Flatten,
}

struct ConfigField<'a> {
    ident: &'a syn::Ident,
    ty: &'a syn::Type,
    name: String,
    doc: String,
    role: Role,
    required: bool,
    late: bool,
    settled: bool,
    sensitive: bool,
    deprecated: Option<String>,
    default: Option<Expr>,
}

impl<'a> ConfigField<'a> {
    fn read(field: &'a Field) -> syn::Result<Self> {
        let ident =
            field.ident.as_ref().ok_or_else(|| syn::Error::new(field.span(), "Config needs named fields"))?;
        let mut option = Self {
            ident,
            ty: &field.ty,
            name: ident.to_string().trim_start_matches("r#").to_string(),
            doc: doc_text(&field.attrs),
            role: Role::Argument,
            required: false,
            late: false,
            settled: false,
            sensitive: false,
            deprecated: None,
            default: None,
        };
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("config")) {
            for meta in attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)? {
                option.apply(meta)?;
            }
        }
        if option.doc.is_empty() && !matches!(option.role, Role::Flatten) {
            return Err(syn::Error::new(
                field.span(),
                "every option needs a doc comment: it is the documentation",
            ));
        }
        Ok(option)
    }

    fn apply(&mut self, meta: Meta) -> syn::Result<()> {
        match &meta {
            Meta::Path(path) if path.is_ident("required") => self.required = true,
            Meta::Path(path) if path.is_ident("late") => self.late = true,
            Meta::Path(path) if path.is_ident("settled") => self.settled = true,
            Meta::Path(path) if path.is_ident("sensitive") => self.sensitive = true,
            Meta::Path(path) if path.is_ident("flatten") => self.role = Role::Flatten,
            Meta::Path(path) if path.is_ident("block") => {
                let (outer, inner) = generic_argument(self.ty)?;
                self.role = Role::Block { list: outer == "Vec", inner: Box::new(inner) };
            }
            Meta::NameValue(pair) if pair.path.is_ident("default") => self.default = Some(pair.value.clone()),
            Meta::NameValue(pair) if pair.path.is_ident("rename") => self.name = text(pair)?.value(),
            Meta::NameValue(pair) if pair.path.is_ident("deprecated") => {
                self.deprecated = Some(text(pair)?.value())
            }
            other => return Err(syn::Error::new(other.span(), "unknown config attribute")),
        }
        Ok(())
    }

    fn schema(&self) -> Tokens {
        let Self { name, ty, doc, required, sensitive, late, .. } = self;
        match &self.role {
            Role::Flatten => quote! {
                let inner = <#ty as ::karat_sdk::config::Config>::schema();
                schema.attributes.extend(inner.attributes);
                schema.blocks.extend(inner.blocks);
            },
            Role::Block { list, inner } => {
                let nesting = if *list { quote!(List) } else { quote!(Single) };
                quote! {
                    schema.blocks.insert(#name.to_string(), ::karat_model::schema::Block {
                        nesting: ::karat_model::schema::Nesting::#nesting,
                        required: #required,
                        schema: <#inner as ::karat_sdk::config::Config>::schema(),
                        doc: #doc.to_string(),
                    });
                }
            }
            Role::Argument => {
                let deprecated = option_text(self.deprecated.as_deref());
                let default = self.default.as_ref().map_or_else(
                    || quote!(None),
                    |default| {
                        let text = default_text(default);
                        quote! {{
                            let default: #ty = #default;
                            Some(::karat_sdk::config::Field::shown(&default).unwrap_or_else(|| #text.to_string()))
                        }}
                    },
                );
                quote! {
                    schema.attributes.insert(#name.to_string(), ::karat_model::schema::Attribute {
                        required: #required,
                        sensitive: #sensitive,
                        late: #late,
                        doc: #doc.to_string(),
                        deprecated: #deprecated,
                        default: #default,
                        ..::karat_model::schema::Attribute::new(<#ty as ::karat_sdk::config::Field>::ty())
                    });
                }
            }
        }
    }

    /// Binds the field's name to `Option<T>`: `None` after a problem.
    fn decode(&self) -> Tokens {
        let Self { ident, ty, name, .. } = self;
        let rendering = match (self.late, self.settled) {
            (true, _) => quote!(Late),
            (false, true) => quote!(Settled),
            (false, false) => quote!(Once),
        };
        let fallback = match &self.default {
            Some(default) => quote!(#default),
            None => quote!(<#ty as ::std::default::Default>::default()),
        };
        match &self.role {
            Role::Flatten => quote! {
                let #ident = problems.keep(<#ty as ::karat_sdk::config::Config>::decode(value, decoder));
            },
            Role::Block { list: true, inner } => quote! {
                let #ident: Option<#ty> = Some(
                    value.get(#name).and_then(|blocks| blocks.as_slice()).unwrap_or_default().iter()
                        .filter_map(|block| problems.keep(<#inner as ::karat_sdk::config::Config>::decode(block, decoder)))
                        .collect(),
                );
            },
            Role::Block { list: false, inner } => quote! {
                let #ident: Option<#ty> = Some(
                    value.get(#name).filter(|block| !block.is_null())
                        .and_then(|block| problems.keep(<#inner as ::karat_sdk::config::Config>::decode(block, decoder))),
                );
            },
            Role::Argument => quote! {
                let #ident: Option<#ty> = {
                    let before = problems.0.len();
                    match ::karat_sdk::config::decode_field::<#ty>(value, #name, ::karat_sdk::config::Rendering::#rendering, decoder, &mut problems) {
                        Some(found) => Some(found),
                        None if problems.0.len() == before => Some(#fallback),
                        None => None,
                    }
                };
            },
        }
    }

    fn keep(&self) -> Tokens {
        let ident = self.ident;
        quote!(Some(#ident))
    }
}

fn option_text(text: Option<&str>) -> Tokens {
    match text {
        Some(text) => quote!(Some(#text.to_string())),
        None => quote!(None),
    }
}

/// The default as documentation shows it where its type does not say better: literals and `"…".into()` without the Rust
/// around them.
fn default_text(default: &Expr) -> String {
    match default {
        Expr::MethodCall(call) => default_text(&call.receiver),
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => text.value(),
        other => quote!(#other).to_string(),
    }
}

fn text(pair: &MetaNameValue) -> syn::Result<&LitStr> {
    match &pair.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text),
        other => Err(syn::Error::new(other.span(), "a text is needed")),
    }
}

fn doc_text(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => {
            text(pair).ok().map(|line| line.value().trim().to_string())
        }
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n").trim().to_string()
}

fn unsupported_options(attributes: &[Attribute]) -> syn::Result<Vec<(String, LitStr)>> {
    let mut options = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("config")) {
        for meta in attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)? {
            let Meta::List(list) = &meta else {
                return Err(syn::Error::new(meta.span(), "expected unsupported(name = \"reason\", …)"));
            };
            for pair in list.parse_args_with(Punctuated::<MetaNameValue, Token![,]>::parse_terminated)? {
                let name = pair.path.require_ident()?.to_string();
                options.push((name, text(&pair)?.clone()));
            }
        }
    }
    Ok(options)
}

/// `Vec<T>` or `Option<T>`: the outer name and `T`.
fn generic_argument(ty: &syn::Type) -> syn::Result<(String, syn::Type)> {
    if let syn::Type::Path(path) = ty
        && let Some(last) = path.path.segments.last()
        && let syn::PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(syn::GenericArgument::Type(inner)) = arguments.args.first()
    {
        return Ok((last.ident.to_string(), inner.clone()));
    }
    Err(syn::Error::new(ty.span(), "a block is an Option<C> or a Vec<C>"))
}
