namespace OpsRunbook;

/// <summary>How an endpoint is tested.</summary>
public enum EndpointKind
{
    /// <summary>A TCP connection is opened and closed.</summary>
    Tcp,

    /// <summary>An HTTP or HTTPS request.</summary>
    Http,

    /// <summary>A TLS handshake.</summary>
    Tls,

    /// <summary>An ICMP echo.</summary>
    Ping,

    /// <summary>The greeting of an SSH server.</summary>
    Ssh,

    /// <summary>An upgrade to WebSocket.</summary>
    WebSocket,
}
