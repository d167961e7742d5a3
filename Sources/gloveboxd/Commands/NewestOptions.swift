import ArgumentParser
import GloveboxCore
import GloveboxStore
import GloveboxSupervisor

/// What is said about checkpoints that a copy of a log may not know of.
struct NewestOptions: ParsableArguments {
    @Option(
        name: .customLong("checkpoint"),
        help: ArgumentHelp("A signed checkpoint that somebody else has; repeatable.", valueName: "FILE")
    )
    var checkpoints: [String] = []

    @Flag(help: "Nobody has a checkpoint that is later than this copy.")
    var noLaterCheckpoint = false

    func validate() throws {
        guard !noLaterCheckpoint || checkpoints.isEmpty else {
            throw ValidationError("--checkpoint and --no-later-checkpoint contradict each other.")
        }
    }

    /// What was given.
    ///
    /// - Throws: `store.io`.
    func newest() throws(GloveboxError) -> SiteRestoration.Newest {
        if noLaterCheckpoint { return .noneKept }
        var notes: [[UInt8]] = []
        for path in checkpoints {
            notes.append(try OwnedFile(StateOption.absolute(path), .read).read(at: 0, count: 1 << 20))
        }
        return .shown(notes)
    }
}
