namespace OpsRunbook.Engine.Endpoints;

/// <summary>An HTTP request of a probe.</summary>
/// <param name="Url">Absolute <c>http</c> or <c>https</c> address, as seen from the host.</param>
public sealed record HttpProbeRequest(Uri Url)
{
    /// <summary>Method.</summary>
    public string Method { get; init; } = "GET";

    /// <summary>Request headers; values may be secret and are never printed.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Body; null for none.</summary>
    public ReadOnlyMemory<byte>? Body { get; init; }

    /// <summary>Longest time for the whole exchange, redirects included.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Body beyond this is not read; 0 reads none of it.</summary>
    public int MaximumBodyBytes { get; init; } = 1024 * 1024;

    /// <summary>Redirects that are followed; 0 returns the redirect itself.</summary>
    public int MaximumRedirects { get; init; } = 5;

    /// <summary>Accept a certificate that this machine does not trust.</summary>
    public bool Insecure { get; init; }

    /// <summary>File with the certificate authorities to trust; null for the machine's own.</summary>
    public string? CaFile { get; init; }
}
