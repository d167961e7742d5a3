import GloveboxAPI
import GloveboxLocalCommands

extension FixedOptions {
    /// What a plan asks for; nil without the flag.
    var requested: RequestedDeterminism? {
        isOn ? RequestedDeterminism(seed: seed, clock: clock.time) : nil
    }
}
