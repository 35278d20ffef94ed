package finding

import _ "embed" // the schema is a data file

//go:embed report.schema.json
var schemaJSON string

// SchemaJSON is the JSON Schema (draft 2020-12) of the report format. It
// allows fields that it does not name: readers ignore those.
func SchemaJSON() []byte { return []byte(schemaJSON) }
