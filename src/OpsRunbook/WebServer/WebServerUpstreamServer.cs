namespace OpsRunbook;

/// <summary>A server of a <see cref="WebServerUpstream"/>.</summary>
/// <param name="Address">Address with port, or Unix socket.</param>
/// <param name="IsDown">It gets no requests.</param>
/// <param name="DrainedBy">Whose drain has marked it down, <c>STACK/SERVICE</c>; null when it is not down or was set so by hand.</param>
/// <param name="File">File that has it.</param>
/// <param name="Line">Line in that file, from 1.</param>
public sealed record WebServerUpstreamServer(string Address, bool IsDown, string? DrainedBy, string File, int Line)
{
    /// <summary>Its address.</summary>
    /// <returns>For lists.</returns>
    public override string ToString() => IsDown ? $"{Address} down" : Address;
}
