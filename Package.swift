// swift-tools-version: 6.3
import PackageDescription

/// Settings every Swift target carries; a target that drops one says why where it is declared.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
]

/// Embedded Swift, for the launcher: no runtime, no allocation after exec, one static file.
let embedded: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableExperimentalFeature("Embedded"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
    .unsafeFlags(["-wmo"]),
]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let asyncHTTP: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioHTTPTypes: Target.Dependency = .product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTP: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS: Target.Dependency = .product(name: "HummingbirdTLS", package: "hummingbird")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

let package = Package(
    name: "glovebox",
    products: [
        .executable(name: "glovebox", targets: ["glovebox"]),
        .executable(name: "glovebox-commands", targets: ["glovebox-commands"]),
        .executable(name: "gloveboxd", targets: ["gloveboxd"]),
        .executable(name: "glovebox-jail", targets: ["glovebox-jail"]),
        .executable(name: "glovebox-check", targets: ["glovebox-check"]),
        .library(name: "glovebox-fixed", type: .dynamic, targets: ["CGloveboxFixed"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // MARK: C
        .target(name: "CGloveboxCheck"),
        // Its loops need the optimizer, in debug builds too: there it would take ten times as long.
        .target(name: "CGloveboxDigest", cSettings: [.unsafeFlags(["-O2"])]),
        // Loaded into programs that have no Swift runtime: neither its start-up object nor a path to it.
        .target(
            name: "CGloveboxFixed",
            cSettings: [.unsafeFlags(["-fvisibility=hidden"])],
            linkerSettings: [.unsafeFlags(["-nostartfiles", "-no-toolchain-stdlib-rpath"])]
        ),
        .target(name: "CGloveboxLinux"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // MARK: Pure
        .target(name: "GloveboxCore", swiftSettings: strict),
        .target(name: "GloveboxPlan", swiftSettings: strict),
        // The same files for the launcher, which is Embedded Swift.
        .target(name: "GloveboxPlanEmbedded", swiftSettings: embedded),
        .target(name: "GloveboxTables", dependencies: ["CZlib", "GloveboxCore"], swiftSettings: strict),
        .target(
            name: "GloveboxPolicy",
            dependencies: ["GloveboxCore", "GloveboxTables", crypto],
            swiftSettings: strict
        ),
        .target(
            name: "GloveboxDisclosure",
            dependencies: ["GloveboxCore", "GloveboxPolicy", "GloveboxTables", crypto],
            swiftSettings: strict
        ),
        .target(
            name: "GloveboxPrivacy",
            dependencies: ["GloveboxCore", "GloveboxDisclosure", "GloveboxPolicy", "GloveboxTables", crypto],
            swiftSettings: strict
        ),
        .target(
            name: "GloveboxTransparency",
            dependencies: ["CGloveboxDigest", "GloveboxCore", crypto],
            swiftSettings: strict
        ),
        .target(
            name: "GloveboxAttestation",
            dependencies: ["GloveboxCore", "GloveboxTransparency", asn1, crypto, x509],
            swiftSettings: strict
        ),
        .target(name: "GloveboxJobs", dependencies: ["GloveboxCore", crypto], swiftSettings: strict),

        // MARK: Input and output
        .target(
            name: "GloveboxLinux",
            dependencies: ["CGloveboxLinux", "CSeccomp", "GloveboxCore"],
            swiftSettings: strict
        ),
        .target(
            name: "GloveboxMeasure",
            dependencies: ["CGloveboxDigest", "CGloveboxLinux", "GloveboxCore", crypto],
            swiftSettings: strict
        ),
        .target(
            name: "GloveboxImages",
            dependencies: ["CGloveboxLinux", "GloveboxCore", "GloveboxLinux", crypto],
            swiftSettings: strict
        ),
        .target(
            name: "GloveboxJail",
            dependencies: ["CGloveboxLinux", "GloveboxCore", "GloveboxLinux", "GloveboxPlan", crypto],
            resources: [.embedInCode("Profiles")],
            swiftSettings: strict
        ),
        // What `glovebox jail run` and `glovebox measure` are; no networks, no logs, no certificates.
        .target(
            name: "GloveboxLocalCommands",
            dependencies: [
                "GloveboxCore", "GloveboxImages", "GloveboxJail", "GloveboxLinux", "GloveboxMeasure", arguments,
            ],
            swiftSettings: strict
        ),
        .target(name: "GloveboxDocuments", dependencies: ["GloveboxCore", yams], swiftSettings: strict),
        .target(
            name: "GloveboxStore",
            dependencies: ["CGloveboxDigest", "CGloveboxLinux", "GloveboxCore", "GloveboxTransparency", crypto],
            swiftSettings: strict
        ),
        .target(
            name: "GloveboxBroker",
            dependencies: [
                "CGloveboxLinux", "GloveboxAttestation", "GloveboxCore", "GloveboxLinux", "GloveboxPolicy",
                "GloveboxPrivacy", "GloveboxStore", "GloveboxTimestamp", "GloveboxTransparency", crypto,
            ],
            swiftSettings: strict
        ),
        .target(
            name: "GloveboxIndex",
            dependencies: ["GloveboxCore", "GloveboxJobs", "GloveboxLinux", "GloveboxTransparency", grdb],
            swiftSettings: strict
        ),
        .target(
            name: "GloveboxTimestamp",
            dependencies: ["COpenSSL", "GloveboxCore", crypto],
            swiftSettings: strict
        ),
        .target(
            name: "GloveboxTPM",
            dependencies: ["GloveboxAttestation", "GloveboxCore", "GloveboxLinux", asn1, crypto, cryptoExtras, x509],
            swiftSettings: strict
        ),

        // MARK: Services
        .target(
            name: "GloveboxAPI",
            dependencies: [
                "GloveboxCore", "GloveboxJobs", "GloveboxLinux", "GloveboxTransparency", asyncHTTP, nio, nioHTTP,
                nioSSL,
            ],
            swiftSettings: strict
        ),
        // Objects of S3 services, for the tasks that name some.
        .target(
            name: "GloveboxObjects",
            dependencies: ["GloveboxCore", asyncHTTP, crypto, nio, nioHTTP, nioSSL],
            swiftSettings: strict
        ),
        // Connections between a supervisor and its nodes.
        .target(
            name: "GloveboxLink",
            dependencies: ["GloveboxCore", "GloveboxLinux", nio, nioPosix, nioSSL, nioTLS],
            swiftSettings: strict
        ),
        .target(
            name: "GloveboxSupervisor",
            dependencies: [
                "CGloveboxLinux", "GloveboxAPI", "GloveboxAttestation", "GloveboxBroker", "GloveboxCore",
                "GloveboxDisclosure", "GloveboxDocuments", "GloveboxImages", "GloveboxIndex", "GloveboxJail",
                "GloveboxJobs", "GloveboxLink", "GloveboxLinux", "GloveboxMeasure", "GloveboxObjects", "GloveboxPolicy",
                "GloveboxPrivacy", "GloveboxStore", "GloveboxTPM", "GloveboxTables", "GloveboxTimestamp",
                "GloveboxTransparency", crypto,
                logging,
            ],
            resources: [.embedInCode("Policies")],
            swiftSettings: strict
        ),
        .target(
            name: "GloveboxServer",
            dependencies: [
                "GloveboxAPI", "GloveboxCore", "GloveboxJobs", "GloveboxLinux", crypto, httpTypes, hummingbird,
                hummingbirdCore, hummingbirdTLS, lifecycle, logging, nio, nioHTTPTypes, nioPosix, nioSSL,
            ],
            swiftSettings: strict
        ),

        // MARK: Programs
        .executableTarget(
            name: "gloveboxd",
            dependencies: [
                "GloveboxAPI", "GloveboxAttestation", "GloveboxBroker", "GloveboxCore", "GloveboxDocuments",
                "GloveboxLinux", "GloveboxLocalCommands", "GloveboxPolicy", "GloveboxPrivacy", "GloveboxServer",
                "GloveboxStore", "GloveboxSupervisor", "GloveboxTables", arguments, lifecycle, logging, signals,
            ],
            swiftSettings: strict
        ),
        // `jail run` and `measure`: one static file without relocations, and no more in it than they take, so that they begin
        // at once.
        .executableTarget(
            name: "glovebox",
            dependencies: ["GloveboxCore", "GloveboxLocalCommands", arguments],
            swiftSettings: strict,
            linkerSettings: [
                // The parser's part of Foundation needs two libraries that a static link is not told of by itself.
                .unsafeFlags(["-static-executable", "-l_FoundationCollections", "-l_FoundationCShims"]),
                .unsafeFlags(["-Xlinker", "-s"], .when(configuration: .release)),
            ]
        ),
        .executableTarget(
            name: "glovebox-commands",
            dependencies: [
                "GloveboxAPI", "GloveboxAttestation", "GloveboxCore", "GloveboxImages", "GloveboxJail", "GloveboxJobs",
                "GloveboxLinux", "GloveboxLocalCommands", "GloveboxMeasure", "GloveboxTransparency",
                arguments,
            ],
            resources: [.embedInCode("Materials")],
            swiftSettings: strict,
            // Without relocations at each start and names that the runtime looks through, a command begins four
            // milliseconds earlier.
            linkerSettings: [
                .unsafeFlags(
                    ["-Xclang-linker", "-no-pie", "-Xlinker", "-s", "-Xlinker", "--no-export-dynamic"],
                    .when(configuration: .release)
                )
            ]
        ),
        .executableTarget(
            name: "glovebox-jail",
            dependencies: ["CGloveboxLinux", "GloveboxPlanEmbedded"],
            swiftSettings: embedded,
            linkerSettings: [
                .unsafeFlags(["-Xclang-linker", "-static"]),
                .unsafeFlags(["-Xlinker", "-s"], .when(configuration: .release)),
            ]
        ),
        .executableTarget(
            name: "glovebox-check",
            dependencies: ["CGloveboxCheck", "GloveboxTables"],
            swiftSettings: strict,
            linkerSettings: [.unsafeFlags(["-static-executable"])]
        ),

        // MARK: Tests
        .target(name: "TestSupport", dependencies: ["GloveboxLinux"], path: "Tests/Support", swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "GloveboxAttestation", "GloveboxCore", "GloveboxLinux", "GloveboxStore", "GloveboxTransparency",
                "TestSupport",
            ],
            path: "Tests/EndToEnd",
            exclude: ["Fixtures"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxAPITests",
            dependencies: ["GloveboxAPI", "GloveboxCore", "GloveboxJobs"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxAttestationTests",
            dependencies: [
                "GloveboxAttestation", "GloveboxCore", "GloveboxTransparency", "TestSupport", asn1, crypto, x509,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxBrokerTests",
            dependencies: [
                "GloveboxBroker", "GloveboxCore", "GloveboxPolicy", "GloveboxPrivacy", "GloveboxStore", "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(name: "GloveboxCoreTests", dependencies: ["GloveboxCore"], swiftSettings: strict),
        .testTarget(
            name: "GloveboxDisclosureTests",
            dependencies: [
                "GloveboxCore", "GloveboxDisclosure", "GloveboxDocuments", "GloveboxPolicy", "GloveboxTables",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxDocumentsTests",
            dependencies: ["GloveboxCore", "GloveboxDocuments"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxImagesTests",
            dependencies: ["GloveboxCore", "GloveboxImages", "GloveboxLinux"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxIndexTests",
            dependencies: ["GloveboxCore", "GloveboxIndex", "GloveboxJobs", "GloveboxLinux", "TestSupport", grdb],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxJailTests",
            dependencies: ["GloveboxCore", "GloveboxJail", "GloveboxLinux", "GloveboxPlan", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxJobsTests",
            dependencies: ["GloveboxCore", "GloveboxJobs"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxLinkTests",
            dependencies: ["GloveboxCore", "GloveboxLink", "GloveboxLinux", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxMeasureTests",
            dependencies: ["GloveboxCore", "GloveboxMeasure", crypto],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxObjectsTests",
            dependencies: ["GloveboxCore", "GloveboxObjects", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxPolicyTests",
            dependencies: ["GloveboxCore", "GloveboxDocuments", "GloveboxPolicy", "GloveboxTables"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxPrivacyTests",
            dependencies: [
                "GloveboxCore", "GloveboxDisclosure", "GloveboxDocuments", "GloveboxPolicy", "GloveboxPrivacy",
                "GloveboxTables",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxServerTests",
            dependencies: [
                "GloveboxAPI", "GloveboxCore", "GloveboxJobs", "GloveboxLinux", "GloveboxServer", "TestSupport",
                httpTypes,
                hummingbird, logging, nio,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxSupervisorTests",
            dependencies: [
                "GloveboxAPI", "GloveboxAttestation", "GloveboxBroker", "GloveboxCore", "GloveboxDisclosure",
                "GloveboxDocuments", "GloveboxImages", "GloveboxIndex", "GloveboxJail", "GloveboxJobs",
                "GloveboxLinux", "GloveboxMeasure", "GloveboxPolicy", "GloveboxPrivacy", "GloveboxStore",
                "GloveboxSupervisor", "GloveboxTimestamp", "GloveboxTransparency", "TestSupport", crypto, logging,
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxStoreTests",
            dependencies: ["GloveboxCore", "GloveboxStore", "GloveboxTransparency", crypto],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxTPMTests",
            dependencies: ["GloveboxAttestation", "GloveboxCore", "GloveboxLinux", "GloveboxTPM", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxTablesTests",
            dependencies: ["GloveboxCore", "GloveboxTables"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxTransparencyTests",
            dependencies: ["GloveboxCore", "GloveboxTransparency", crypto],
            swiftSettings: strict
        ),
    ]
)

// Benchmarks are built only when they are asked for, so that nothing else waits for them.
if Context.environment["GLOVEBOX_BENCHMARKS"] != nil {
    package.targets.append(
        .executableTarget(
            name: "filter-bench",
            dependencies: ["GloveboxCore", "GloveboxDisclosure", "GloveboxPolicy", "GloveboxTables"],
            path: "Tests/Benchmarks/filter/Sources",
            swiftSettings: strict
        )
    )
    package.targets.append(
        .executableTarget(
            name: "jail-bench",
            dependencies: ["GloveboxCore", "GloveboxJail", "GloveboxLinux"],
            path: "Tests/Benchmarks/jail/Sources",
            swiftSettings: strict
        )
    )
    package.targets.append(
        .executableTarget(
            name: "privacy-bench",
            dependencies: ["GloveboxCore", "GloveboxPrivacy"],
            path: "Tests/Benchmarks/privacy/Sources",
            swiftSettings: strict
        )
    )
}
