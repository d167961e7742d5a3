extension Decision.File {
    /// A file under the name it is released with.
    package init(_ name: String, _ bytes: [UInt8]) { self.init(name: name, bytes: bytes) }
}

extension Decision {
    /// The decision of tier `verbatim`: there was nothing to protect, so everything leaves and tells nothing.
    package static func verbatim(_ files: [File]) -> Decision {
        Decision(
            outcome: .release,
            files: files,
            findings: [],
            reasons: [],
            millibits: 0,
            record: nil,
            comparison: Comparison(releases: 0, hits: 0),
            spec: nil
        )
    }
}
