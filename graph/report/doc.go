// Package report writes reports and graphs in the formats that people and
// other tools read: text, JSON, Graphviz, GraphML. It formats and never
// decides: every number and word of a format comes from the report.
//
// Names come from hostile files. In formats for people every control
// character, every character that turns the direction of text, and every
// invalid byte is escaped; in commands to paste every word is quoted. Text is
// at most 80 columns wide, except for ids and commands that must stay whole.
package report
