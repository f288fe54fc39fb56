using System.Security.Cryptography.X509Certificates;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>What a handshake showed.</summary>
/// <param name="Timings">How long its parts took.</param>
/// <param name="Chain">Certificates the server presented, its own first.</param>
/// <param name="Problem">What is wrong with them where that is tolerated; null when they are fine.</param>
internal sealed record TlsReading(ProbeTimings Timings, IReadOnlyList<X509Certificate2> Chain, OpsException? Problem);
