internal import GloveboxJail

extension JailResult.End {
    /// The end in words.
    var text: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .signalled(let signal): "killed by signal \(signal)"
        case .wallClock: "stopped by the wall-clock limit"
        case .memory: "killed for memory"
        case .processorTime: "stopped by the processor-time limit"
        case .outputLimit: "stopped by the limit of its output"
        case .cancelled: "cancelled"
        case .notFound: "the command is not in the image"
        case .notExecutable: "the command is not executable"
        }
    }
}
