//! Flows over mocks and the memory store.
