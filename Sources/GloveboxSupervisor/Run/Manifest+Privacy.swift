internal import GloveboxAttestation

extension Manifest {
    /// Whether the run sees data that may not get out: then nothing that it can bring about may be told without being
    /// counted.
    var readsPrivateData: Bool { mode == .real && !inputs.isEmpty }
}
