//! Values of any type that travel with a call, one of each type.

use std::any::{Any, TypeId};
use std::fmt;

/// What interceptors leave for handlers, and for each other: at most one value of each type.
#[derive(Default)]
pub struct Extensions {
    /// Rarely more than a few, so that looking through them is fast.
    values: Vec<(TypeId, Box<dyn Any + Send + Sync>)>,
}

impl Extensions {
    /// Leaves a value, and returns the one of this type that was there.
    pub fn insert<T: Any + Send + Sync>(&mut self, value: T) -> Option<T> {
        let before = self.remove::<T>();
        self.values.push((TypeId::of::<T>(), Box::new(value)));
        before
    }

    /// The value of this type.
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        let found = self.values.iter().find(|(id, _)| *id == TypeId::of::<T>());
        found.and_then(|(_, value)| value.downcast_ref())
    }

    /// Takes the value of this type away.
    pub fn remove<T: Any + Send + Sync>(&mut self) -> Option<T> {
        let mut ids = self.values.iter().map(|(id, _)| *id);
        let place = ids.position(|id| id == TypeId::of::<T>())?;
        let (_, value) = self.values.swap_remove(place);
        value.downcast().ok().map(|value| *value)
    }

    pub(crate) fn clear(&mut self) {
        self.values.clear();
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} extensions", self.values.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_value_of_each_type() {
        let mut extensions = Extensions::default();
        assert_eq!(extensions.insert(1_u32), None);
        assert_eq!(extensions.insert("text"), None);
        assert_eq!(extensions.insert(2_u32), Some(1));
        assert_eq!(extensions.get(), Some(&2_u32));
        assert_eq!(extensions.get::<u64>(), None);
        assert_eq!(extensions.remove(), Some("text"));
        assert_eq!(extensions.get::<&str>(), None);
    }
}
