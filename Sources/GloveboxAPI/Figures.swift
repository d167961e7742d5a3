internal import Synchronization

/// What is counted and timed while a process lives, for ``Metric``.
///
/// Durations of jobs have coarse bounds, and of runs on private data no more is counted than that they ended. Source:
/// job-backend section 10.
package final class Figures: Sendable {
    /// What is counted.
    package enum Count: String, Sendable, CaseIterable {
        case transitions = "job_transitions_total"
        case runs = "runs_total"
        case denials = "denied_actions_total"
        case decisions = "release_decisions_total"
        case requests = "http_requests_total"
        case failedLogins = "auth_failures_total"

        fileprivate var help: String {
            switch self {
            case .transitions: "Phases that jobs have come to."
            case .runs: "Runs that ended; result is private for those on private data."
            case .denials: "Actions that jails refused to runs without private data."
            case .decisions: "Decisions on releases, by checks and by people."
            case .requests: "Requests answered."
            case .failedLogins: "Logins refused."
            }
        }
    }

    /// What is timed, in seconds.
    package enum Duration: String, Sendable, CaseIterable {
        case queueWait = "queue_wait_seconds"
        case startLatency = "start_latency_seconds"
        case request = "http_request_seconds"

        fileprivate var help: String {
            switch self {
            case .queueWait: "From the queue to a place to run."
            case .startLatency: "From a place to run to the first instruction."
            case .request: "From a request's head to its answer's."
            }
        }

        /// Upper bounds; everything is below the last, which is not written down.
        fileprivate var bounds: [Double] {
            switch self {
            case .queueWait: [1, 10, 60, 600, 3600, 86_400]
            case .startLatency: [0.1, 1, 10, 60, 600]
            case .request: [0.005, 0.025, 0.1, 0.5, 2.5, 10]
            }
        }
    }

    private struct Key: Hashable {
        let names: [String]
        let values: [String]

        init(_ labels: Metric.Labels) { (names, values) = (labels.map(\.name), labels.map(\.value)) }

        var labels: Metric.Labels { Array(zip(names, values)).map { (name: $0.0, value: $0.1) } }
    }

    private struct Histogram {
        /// How many values each bound is the least of.
        var counts: [UInt64]
        var sum = 0.0
        var number: UInt64 = 0
    }

    private struct State {
        var counts: [Count: [Key: UInt64]] = [:]
        var durations: [Duration: [Key: Histogram]] = [:]
    }

    private let state = Mutex(State())

    /// Nothing counted yet.
    package init() {}

    /// Counts one more.
    package func count(_ what: Count, _ labels: Metric.Labels = [], by number: UInt64 = 1) {
        state.withLock { $0.counts[what, default: [:]][Key(labels), default: 0] &+= number }
    }

    /// Takes in a duration in seconds.
    package func time(_ what: Duration, _ seconds: Double, _ labels: Metric.Labels = []) {
        let bounds = what.bounds
        state.withLock { state in
            let fresh = Histogram(counts: [UInt64](repeating: 0, count: bounds.count))
            var histogram = state.durations[what]?[Key(labels)] ?? fresh
            if let place = bounds.firstIndex(where: { seconds <= $0 }) { histogram.counts[place] += 1 }
            histogram.sum += seconds
            histogram.number += 1
            state.durations[what, default: [:]][Key(labels)] = histogram
        }
    }

    /// All figures, also those of which nothing was counted yet.
    package var metrics: [Metric] {
        let state = state.withLock { $0 }
        let counts = Count.allCases.map { what in
            var metric = Metric(what.rawValue, what.help, .counter)
            for (key, value) in Self.sorted(state.counts[what]) { metric.add(key.labels, Double(value)) }
            return metric
        }
        let durations = Duration.allCases.map { what in
            var metric = Metric(what.rawValue, what.help, .histogram)
            for (key, histogram) in Self.sorted(state.durations[what]) {
                metric.add(
                    key.labels,
                    bounds: what.bounds,
                    counts: histogram.counts,
                    sum: histogram.sum,
                    number: histogram.number
                )
            }
            return metric
        }
        return counts + durations
    }

    private static func sorted<Value>(_ values: [Key: Value]?) -> [(Key, Value)] {
        (values ?? [:]).sorted { $0.key.values.lexicographicallyPrecedes($1.key.values) }
    }
}
