"""MCP's official conformance suite against the gateway: `make conformance`, docs/conformance.md.

`__main__` starts what is tested, `suite` runs the suite, `verdict` holds its results against
`scenarios.toml`. The suite calls tools by names of its own: `fixture_server` has them, behind the
product's own extension, application and store. The product never does.
"""
