package finding

// Component is one bundle of a product: what it declares, where its code can
// lead to, and what was observed in its code. Nothing in it is judged.
type Component struct {
	Path         string     `json:"path"` // relative to the product; "" is its root
	Kind         string     `json:"kind"` // of the bundle; "" for a product that is none
	Role         string     `json:"role,omitempty"`
	Name         string     `json:"name,omitempty"`
	BundleID     string     `json:"bundleId,omitempty"`
	Images       int        `json:"images"`
	Hosts        []string   `json:"hosts,omitempty"`     // hosts and URL templates in the literals of its images
	HostsMore    int        `json:"hostsMore,omitempty"` // further ones that were left out
	Entitlements []KeyValue `json:"entitlements,omitempty"`
	Usage        []KeyValue `json:"usage,omitempty"`
	Privacy      *Privacy   `json:"privacy,omitempty"`  // its own manifest; nil: none
	Observed     []Observed `json:"observed,omitempty"` // sorted by capability
}

// KeyValue is one named text.
type KeyValue struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Privacy is what a PrivacyInfo.xcprivacy declares.
type Privacy struct {
	File            string   `json:"file"` // path in the product, or ""
	Tracking        bool     `json:"tracking"`
	TrackingDomains []string `json:"trackingDomains"`
	Collected       []string `json:"collected"` // Apple's data types
	Accessed        []string `json:"accessed"`
}

// Observed is a capability whose code a component holds itself, at grade likely
// or better, and what was declared about it.
type Observed struct {
	ID       string   `json:"id"`
	Grade    string   `json:"grade"`
	Declared string   `json:"declared"`
	Why      string   `json:"why"`
	By       []string `json:"by,omitempty"` // files that say so, with what they say
}
