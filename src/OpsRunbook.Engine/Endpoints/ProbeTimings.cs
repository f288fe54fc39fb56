namespace OpsRunbook.Engine.Endpoints;

/// <summary>Phases of a probe. A phase that did not happen is null.</summary>
/// <param name="Dns">Name resolution; null when the host resolves by itself (SSH, container) or the address is a number.</param>
/// <param name="Connect">TCP connection.</param>
/// <param name="Tls">TLS handshake.</param>
/// <param name="FirstByte">From the request sent to the first byte of the answer.</param>
/// <param name="Total">Everything.</param>
public sealed record ProbeTimings(TimeSpan? Dns, TimeSpan? Connect, TimeSpan? Tls, TimeSpan? FirstByte, TimeSpan Total);
