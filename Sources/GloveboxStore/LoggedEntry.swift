package import GloveboxTransparency

/// An entry as read back from the journal.
package struct LoggedEntry: Sendable {
    /// Its index in the tree.
    package let index: UInt64
    /// The exact bytes that were hashed.
    package let leaf: [UInt8]
    /// What the bytes say.
    package let kind: LeafKind
    /// The private body; nil for a report entry, and for an event whose body was erased or never came back.
    package let body: EventBody?
    /// Whether it is an event that came back from a mirror, which has no private bodies.
    package let isRecovered: Bool

    /// Whether it is an event whose private body nobody can read any more.
    package var isErased: Bool {
        guard case .event = kind else { return false }
        return body == nil
    }
}
