/// Whence a request came and how its account was proved: what the events that follow from it say beside the account.
package struct Provenance: Sendable, Hashable {
    /// The client's address without its port, or `socket`.
    package let source: String
    /// How the account was proved.
    package let method: String

    /// The request that is being answered; nil for what the site does by itself.
    @TaskLocal package static var current: Provenance?

    /// Names a request.
    package init(source: String, method: String = "token") { (self.source, self.method) = (source, method) }
}
