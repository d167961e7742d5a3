import ArgumentParser
import GloveboxAttestation

/// What `--isolation` demands of the machine that runs a plan.
enum DemandedIsolation: String, ExpressibleByArgument {
    case full

    /// The same in a plan.
    var manifest: Manifest.Isolation { .full }
}
