"""Where rows go: ClickHouse tables, migrations, the writer, and the embedded server."""
