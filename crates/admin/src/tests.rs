//! Tests of the routers, without a socket.
