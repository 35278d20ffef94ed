package finding

import _ "embed" // the schemas are data files

//go:embed report.schema.json
var schemaJSON string

// SchemaJSON is the JSON Schema (draft 2020-12) of the report format. It
// allows fields that it does not name: readers ignore those.
func SchemaJSON() []byte { return []byte(schemaJSON) }

//go:embed why.schema.json
var whySchemaJSON string

// WhySchemaJSON is the JSON Schema (draft 2020-12) of an Explanation. Its parts
// are those of SchemaJSON, which it names by urn:kinbom:report:1.
func WhySchemaJSON() []byte { return []byte(whySchemaJSON) }
