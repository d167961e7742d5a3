/// Values that were made lately and never change, up to a number of them; the oldest goes first.
struct RecentValues<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let most: Int
    private var values: [Key: Value] = [:]
    /// The keys in the order they came, as a ring.
    private var keys: [Key] = []
    private var oldest = 0

    /// Room for so many.
    init(most: Int) { self.most = most }

    /// The value, while it is kept.
    subscript(key: Key) -> Value? { values[key] }

    /// Keeps a value.
    mutating func keep(_ value: Value, for key: Key) {
        guard values.updateValue(value, forKey: key) == nil else { return }
        guard keys.count == most else { return keys.append(key) }
        values[keys[oldest]] = nil
        keys[oldest] = key
        oldest = (oldest + 1) % most
    }
}
