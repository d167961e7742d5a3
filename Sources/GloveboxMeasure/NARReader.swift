package import GloveboxCore

/// Reads a Nix archive from somebody who may be hostile, and hands its tree to a sink.
///
/// Only the one canonical form of a lawful tree is accepted: sorted entries, zero padding, no word out of place and no
/// byte after the end. Memory stays within a few strings of limited length, whatever the lengths claim.
package struct NARReader<Source: ByteSource> {
    private var input: NARInput<Source>
    private let limits: TreeLimits

    /// Reads from a source within limits.
    package init(_ source: Source, limits: TreeLimits) {
        self.input = NARInput(source)
        self.limits = limits
    }

    /// Reads the whole archive into a sink, after the rules.
    ///
    /// - Returns: the sink.
    /// - Throws: `upload.rejected` for anything that is no canonical archive, and the `code.*` refusals of attestation
    ///   section 5; what the sink throws.
    package mutating func read<Sink: TreeSink>(into sink: Sink) throws(GloveboxError) -> Sink {
        var ruled = RuledSink(sink, limits: limits)
        do {
            try input.expect("nix-archive-1")
            try input.expect("(")
            try input.expect("type")
            try input.expect("directory")
            try directory(.root, into: &ruled)
            try input.finish()
            try ruled.finish()
        } catch {
            throw GloveboxError(error.code, "entry \(ruled.entries): \(error.message)", hint: error.hint)
        }
        return ruled.next
    }

    private mutating func directory(_ path: TreePath, into sink: inout some TreeSink) throws(GloveboxError) {
        try sink.beginDirectory(path)
        while true {
            let next = try word()
            if next == ")" { break }
            guard next == "entry" else { throw input.malformed("expected 'entry'") }
            try input.expect("(")
            try input.expect("name")
            let name = try input.string(atMost: limits.nameBytes)
            try input.expect("node")
            try node(path.appending(name), into: &sink)
            try input.expect(")")
        }
        try sink.endDirectory(path)
    }

    private mutating func node(_ path: TreePath, into sink: inout some TreeSink) throws(GloveboxError) {
        try input.expect("(")
        try input.expect("type")
        switch try word() {
        case "directory":
            try directory(path, into: &sink)
        case "regular":
            var next = try word()
            let executable = next == "executable"
            if executable {
                try input.expect("")
                next = try word()
            }
            guard next == "contents" else { throw input.malformed("expected 'contents'") }
            let size = try input.length()
            try sink.beginFile(path, executable: executable, size: size)
            try input.contents(size, into: &sink)
            try sink.endFile()
            try input.expect(")")
        case "symlink":
            try input.expect("target")
            try sink.symlink(path, target: input.string(atMost: limits.pathBytes))
            try input.expect(")")
        default:
            throw input.malformed("no kind of entry")
        }
    }

    /// Reads one of the words that decide how it goes on.
    private mutating func word() throws(GloveboxError) -> String {
        let bytes = try input.string(atMost: 10, code: "upload.rejected")
        let words = [")", "entry", "directory", "regular", "symlink", "executable", "contents"]
        guard let word = words.first(where: { $0.utf8.elementsEqual(bytes) }) else {
            throw input.malformed("an unknown word")
        }
        return word
    }
}
