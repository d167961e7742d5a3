internal import GloveboxCore
internal import Synchronization

/// Which nodes are connected and what they run: known while the supervisor runs, and written nowhere.
final class NodePresence: Sendable {
    /// A connection of a node.
    private struct Connection {
        let node: Digest
        let since: Instant
        var job: String?
        let end: @Sendable () -> Void
    }

    private struct Table {
        var connections: [UInt64: Connection] = [:]
        var next: UInt64 = 0
        var fallbacks: [Digest: [String]] = [:]
    }

    private let table = Mutex(Table())

    /// Notes a connection of the node with that key; its number.
    ///
    /// `end` closes it when the node is removed. Open first and look the node up afterwards: one that is removed in
    /// between is then seen by one of the two.
    func open(_ node: Digest, at time: Instant, end: @escaping @Sendable () -> Void) -> UInt64 {
        table.withLock { table in
            table.next += 1
            table.connections[table.next] = Connection(node: node, since: time, end: end)
            return table.next
        }
    }

    /// Notes what the node with that key lacks of full isolation, as it told when it came.
    func note(_ fallbacks: [String], of node: Digest) { table.withLock { $0.fallbacks[node] = fallbacks } }

    /// What a node lacked of full isolation when it came last; nil for one that has not come.
    func fallbacks(of node: Digest) -> [String]? { table.withLock { $0.fallbacks[node] } }

    /// Notes what is run over a connection; nil when nothing is any more.
    func run(_ job: String?, over connection: UInt64) {
        table.withLock { $0.connections[connection]?.job = job }
    }

    /// Notes that a connection is over.
    func close(_ connection: UInt64) { table.withLock { $0.connections[connection] = nil } }

    /// Ends all connections of a node.
    func cut(_ node: Digest) {
        let cut = table.withLock { table in
            let own = table.connections.filter { $0.value.node == node }
            for number in own.keys { table.connections[number] = nil }
            table.fallbacks[node] = nil
            return own.values.map(\.end)
        }
        for end in cut { end() }
    }

    /// Since when the node is connected, nil when it is not, and the jobs that run there, sorted.
    func presence(of node: Digest) -> (since: Instant?, jobs: [String]) {
        let own = table.withLock { table in table.connections.values.filter { $0.node == node } }
        return (own.map(\.since).min(), own.compactMap(\.job).sorted())
    }
}
