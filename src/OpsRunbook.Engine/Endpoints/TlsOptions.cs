namespace OpsRunbook.Engine.Endpoints;

/// <summary>How a TLS handshake is made and judged.</summary>
/// <param name="ServerName">Name to ask for (SNI) and to verify.</param>
internal sealed record TlsOptions(string ServerName)
{
    /// <summary>Accept whatever certificate is presented; what is wrong with it is still told.</summary>
    public bool Insecure { get; init; }

    /// <summary>The name in the certificate need not be <see cref="ServerName"/> (<c>verify-ca</c>).</summary>
    public bool AnyName { get; init; }

    /// <summary>File with the certificate authorities to trust; null for the machine's own.</summary>
    public string? CaFile { get; init; }

    /// <summary>Only collect what is presented; it is judged elsewhere.</summary>
    public bool OnlyCollect { get; init; }

    /// <summary>Protocol by which TLS is asked for first, such as <c>smtp</c>; null for TLS from the first byte.</summary>
    public string? StartTls { get; init; }
}
