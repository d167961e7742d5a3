// swift-tools-version: 6.3
import PackageDescription

// The part of Glovebox that reads what comes from elsewhere. It needs few libraries of others, so it builds in minutes under a
// sanitizer, which the whole package does not; certificates are needed by the fuzzer alone. `Sources` and the folders of tests are links: nothing
// exists twice.

/// As in the package itself.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")

let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
    name: "glovebox-fuzz",
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .target(name: "CGloveboxLinux"),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "GloveboxCore", swiftSettings: strict),
        .target(name: "GloveboxPlan", swiftSettings: strict),
        .target(name: "GloveboxTables", dependencies: ["CZlib", "GloveboxCore"], swiftSettings: strict),
        .target(name: "GloveboxDocuments", dependencies: ["GloveboxCore", yams], swiftSettings: strict),
        .target(
            name: "GloveboxPolicy",
            dependencies: ["GloveboxCore", "GloveboxTables", crypto],
            swiftSettings: strict
        ),
        .target(
            name: "GloveboxLinux",
            dependencies: ["CGloveboxLinux", "CSeccomp", "GloveboxCore"],
            swiftSettings: strict
        ),
        .target(
            name: "GloveboxJail",
            dependencies: ["CGloveboxLinux", "GloveboxCore", "GloveboxLinux", "GloveboxPlan", crypto],
            resources: [.embedInCode("Profiles")],
            swiftSettings: strict
        ),
        .target(
            name: "GloveboxTransparency",
            dependencies: ["CGloveboxDigest", "GloveboxCore", crypto],
            swiftSettings: strict
        ),
        .target(
            name: "GloveboxStore",
            dependencies: ["CGloveboxDigest", "CGloveboxLinux", "GloveboxCore", "GloveboxTransparency", crypto],
            swiftSettings: strict
        ),

        .target(name: "TestSupport", dependencies: ["GloveboxLinux"], path: "Support", swiftSettings: strict),
        .testTarget(name: "GloveboxCoreTests", dependencies: ["GloveboxCore"], path: "Core", swiftSettings: strict),
        .testTarget(
            name: "GloveboxJailTests",
            dependencies: ["GloveboxCore", "GloveboxJail", "GloveboxLinux", "GloveboxPlan", "TestSupport"],
            path: "Jail",
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxStoreTests",
            dependencies: ["GloveboxCore", "GloveboxStore", "GloveboxTransparency", crypto],
            path: "Store",
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxTablesTests",
            dependencies: ["GloveboxCore", "GloveboxTables"],
            path: "Tables",
            swiftSettings: strict
        ),
        .testTarget(
            name: "GloveboxTransparencyTests",
            dependencies: ["GloveboxCore", "GloveboxTransparency", crypto],
            path: "Transparency",
            swiftSettings: strict
        ),
    ]
)

// The fuzzer has no main function of its own, so it is built only where libFuzzer gives it one.
if Context.environment["GLOVEBOX_FUZZ"] != nil {
    let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
    let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
    let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
    package.dependencies += [
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    ]
    package.targets += [
        .target(name: "CGloveboxDigest", cSettings: [.unsafeFlags(["-O2"])]),
        .target(
            name: "GloveboxAttestation",
            dependencies: ["GloveboxCore", "GloveboxTransparency", asn1, crypto, x509],
            swiftSettings: strict
        ),
        .target(
            name: "GloveboxMeasure",
            dependencies: ["CGloveboxDigest", "CGloveboxLinux", "GloveboxCore", crypto],
            swiftSettings: strict
        ),
        .target(
            name: "GloveboxTPM",
            dependencies: ["GloveboxAttestation", "GloveboxCore", "GloveboxLinux", asn1, crypto, cryptoExtras, x509],
            swiftSettings: strict
        ),
    ]
    package.targets.append(
        .executableTarget(
            name: "fuzzer",
            dependencies: [
                "GloveboxAttestation", "GloveboxCore", "GloveboxDocuments", "GloveboxJail", "GloveboxLinux",
                "GloveboxMeasure", "GloveboxPlan", "GloveboxPolicy", "GloveboxTPM", "GloveboxTables",
                "GloveboxTransparency",
            ],
            path: "Fuzzer",
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]
        )
    )
}
