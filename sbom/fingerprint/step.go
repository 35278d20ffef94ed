package fingerprint

// Deed is what a step does.
type Deed uint8

// Deeds. A register that a step names may be NoRegister: the zero register, or
// one that is not followed.
const (
	StepForget   Deed = iota // To is something unknown
	StepMove                 // To is From
	StepNumber               // To is Value: a number or an address of the image
	StepAdd                  // To is From and Value
	StepMix                  // To is made of From, Base and Index
	StepLoad                 // To is what lies at Base and Index and Value
	StepStore                // From goes to Base and Index and Value
	StepCopy                 // what lies at From goes to where To points; both go on
	StepCall                 // calls the address Value
	StepCallWord             // calls what the word at the address Value leads to
	StepCallFrom             // calls the address in From
	StepJump                 // goes on at the address Value
	StepBranch               // may go on at the address Value
	StepJumpWord             // goes on at what the word at the address Value leads to
	StepJumpFrom             // goes on at the address in From
	StepReturn               // goes back
	StepStop                 // never goes on
)

// Registers of steps: general ones from 0 on, by the number that the instructions
// have for them (arm64: 31 is the stack's; x86_64: 4 is), vectors from StepVector on.
const (
	StepVector    = 32
	StepRegisters = 64
	NoRegister    = 255
)

// Step is a part of what one instruction does, as far as one who follows values
// through registers and memory has to know. What has no step changes no register
// that is followed.
type Step struct {
	At    uint64 // address of the instruction
	Value uint64 // number, distance or address
	Do    Deed
	To    uint8
	From  uint8
	Base  uint8
	Index uint8
	Size  uint8 // bytes that a load or store moves
}

// MaxSteps is how many steps of one function are given; what has more is left alone.
const MaxSteps = 1 << 15

// Steps gives the steps of a function in the order of its code, appended to room;
// nil for an architecture that is not read, and for a function of too many.
// Instructions that are not known count as if they did nothing or forgot what they
// may write: following is a guess about code that a compiler made, and never a proof.
func Steps(c *Code, f *Function, room []Step) []Step {
	p := &pass{code: c}
	code := p.bytesAt(f.Address)
	code = code[:min(len(code), int(f.Size))]
	switch c.Arch {
	case "arm64", "arm64e":
		s := armSteps{out: room}
		s.run(code, f.Address)
		room = s.out
	case "x86_64", "x86_64h":
		s := x86Steps{out: room}
		s.run(code, f.Address)
		room = s.out
	default:
		return nil
	}
	if len(room) > MaxSteps {
		return nil
	}
	return room
}

// pending is a step with no register named.
func pending(at uint64, do Deed) Step {
	return Step{At: at, Do: do, To: NoRegister, From: NoRegister, Base: NoRegister, Index: NoRegister}
}
