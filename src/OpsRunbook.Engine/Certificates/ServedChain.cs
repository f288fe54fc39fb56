using System.Security.Cryptography.X509Certificates;

namespace OpsRunbook.Engine.Certificates;

/// <summary>What an endpoint presents.</summary>
/// <param name="Target"><c>host:port</c>.</param>
/// <param name="ServerName">Name that was asked for.</param>
/// <param name="Chain">The certificates, the server's own first.</param>
/// <param name="Latency">How long connection and handshake took.</param>
internal sealed record ServedChain(string Target, string ServerName, IReadOnlyList<X509Certificate2> Chain, TimeSpan Latency);
