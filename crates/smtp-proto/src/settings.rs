//! Types with settings have private fields, each with a getter and a `with_…` method.

/// Generates a getter and a builder method for each field, which must be `Copy`.
macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident, $with:ident: $type:ty;)*) => {$(
        $(#[$doc])*
        pub const fn $name(&self) -> $type {
            self.$name
        }

        #[doc = concat!("The same, with another [`", stringify!($name), "`](Self::", stringify!($name), ").")]
        #[must_use]
        pub const fn $with(mut self, $name: $type) -> Self {
            self.$name = $name;
            self
        }
    )*};
}
