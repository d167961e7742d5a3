extension JailPlan {
    private static let magic: [UInt8] = [0x47, 0x42, 0x58, 0x50]
    private static let version: UInt16 = 4

    /// The bytes the launcher reads.
    package var encoded: [UInt8] {
        var writer = PlanWriter()
        for byte in Self.magic { writer.integer(byte) }
        writer.integer(Self.version)
        writer.integer(options.rawValue)
        writer.string(hostname)
        writer.integer(workloadID)
        writer.integers(tasks)
        writer.integer(UInt32(steps.count))
        for step in steps { step.write(to: &writer) }
        writer.string(directory)
        writer.strings(programs)
        writer.integer(programDescriptor)
        writer.strings(arguments)
        writer.strings(environment)
        writer.integers(descriptors)
        writer.strings(writable)
        writer.integer(UInt32(limits.count))
        for limit in limits {
            writer.integer(limit.resource)
            writer.integer(limit.value)
        }
        writer.string(filter)
        writer.integer(wallMilliseconds)
        writer.integer(graceMilliseconds)
        writer.integer(oomScore)
        return writer.bytes
    }

    /// Reads a plan; nil when any byte is out of place, missing or left over.
    package init?(decoding bytes: [UInt8]) {
        var reader = PlanReader(bytes)
        for byte in Self.magic where reader.integer(UInt8.self) != byte { return nil }
        guard reader.integer(UInt16.self) == Self.version else { return nil }
        options = Options(rawValue: reader.integer(UInt32.self))
        hostname = reader.string()
        workloadID = reader.integer(UInt32.self)
        tasks = reader.integers()
        for _ in 0..<reader.count() {
            guard let step = JailStep(from: &reader) else { return nil }
            steps.append(step)
        }
        directory = reader.string()
        programs = reader.strings()
        programDescriptor = reader.integer(UInt32.self)
        arguments = reader.strings()
        environment = reader.strings()
        descriptors = reader.integers()
        writable = reader.strings()
        for _ in 0..<reader.count() {
            let resource = reader.integer(UInt32.self)
            limits.append(Limit(resource: resource, value: reader.integer(UInt64.self)))
        }
        filter = reader.string(text: false)
        wallMilliseconds = reader.integer(UInt64.self)
        graceMilliseconds = reader.integer(UInt64.self)
        oomScore = reader.integer(UInt32.self)
        guard reader.atEnd, !arguments.isEmpty, !filter.isEmpty, filter.count.isMultiple(of: 8) else { return nil }
    }
}

extension JailStep {
    fileprivate func write(to writer: inout PlanWriter) {
        switch self {
        case .directory(let path, let mode):
            writer.integer(UInt8(1))
            writer.string(path)
            writer.integer(mode)
        case .link(let target, let path):
            writer.integer(UInt8(2))
            writer.string(target)
            writer.string(path)
        case .scratch(let path, let bytes, let inodes, let mode, let flags):
            writer.integer(UInt8(3))
            writer.string(path)
            writer.integer(bytes)
            writer.integer(inodes)
            writer.integer(mode)
            writer.integer(flags.rawValue)
        case .bind(let source, let path, let flags):
            writer.integer(UInt8(4))
            writer.string(source)
            writer.string(path)
            writer.integer(flags.rawValue)
        case .attach(let descriptor, let path, let flags):
            writer.integer(UInt8(5))
            writer.integer(descriptor)
            writer.string(path)
            writer.integer(flags.rawValue)
        case .overlay(let upper, let lower, let path):
            writer.integer(UInt8(6))
            writer.string(upper)
            writer.string(lower)
            writer.string(path)
        case .processes(let path):
            writer.integer(UInt8(7))
            writer.string(path)
        case .seal(let path):
            writer.integer(UInt8(8))
            writer.string(path)
        case .stage(let isAwaited):
            writer.integer(UInt8(9))
            writer.integer(UInt8(isAwaited ? 1 : 0))
        case .file(let path):
            writer.integer(UInt8(10))
            writer.string(path)
        case .cover(let lower, let path):
            writer.integer(UInt8(11))
            writer.string(lower)
            writer.string(path)
        }
    }

    fileprivate init?(from reader: inout PlanReader) {
        switch reader.integer(UInt8.self) {
        case 1: self = .directory(path: reader.string(), mode: reader.integer(UInt32.self))
        case 2: self = .link(target: reader.string(), path: reader.string())
        case 3:
            self = .scratch(
                path: reader.string(),
                bytes: reader.integer(UInt64.self),
                inodes: reader.integer(UInt64.self),
                mode: reader.integer(UInt32.self),
                flags: Flags(rawValue: reader.integer(UInt8.self))
            )
        case 4:
            self = .bind(
                source: reader.string(),
                path: reader.string(),
                flags: Flags(rawValue: reader.integer(UInt8.self))
            )
        case 5:
            self = .attach(
                descriptor: reader.integer(UInt32.self),
                path: reader.string(),
                flags: Flags(rawValue: reader.integer(UInt8.self))
            )
        case 6: self = .overlay(upper: reader.string(), lower: reader.string(), path: reader.string())
        case 7: self = .processes(path: reader.string())
        case 8: self = .seal(path: reader.string())
        case 9:
            let flag = reader.integer(UInt8.self)
            guard flag <= 1 else { return nil }  // a plan has one form
            self = .stage(isAwaited: flag == 1)
        case 10: self = .file(path: reader.string())
        case 11: self = .cover(lower: reader.string(), path: reader.string())
        default: return nil
        }
        if reader.failed { return nil }
    }
}
