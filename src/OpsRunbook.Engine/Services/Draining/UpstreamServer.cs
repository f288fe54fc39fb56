namespace OpsRunbook.Engine.Services;

/// <summary>A <c>server</c> of an nginx <c>upstream</c> block.</summary>
/// <param name="File">File that has it.</param>
/// <param name="Line">Line in that file, from 1.</param>
/// <param name="Upstream">Name of the block.</param>
/// <param name="Address">Name or address without port and brackets.</param>
/// <param name="Port">TCP port; 0 for a Unix socket, or when it is not a number.</param>
/// <param name="IsDown">It gets no requests.</param>
/// <param name="Owner">Whose drain marked it down; null when it is not down, or was set so by hand.</param>
/// <param name="End">Position of its semicolon.</param>
/// <param name="Comment">The rest of the line after it, one character for each byte.</param>
internal sealed record UpstreamServer(string File, int Line, string Upstream, string Address, int Port, bool IsDown, string? Owner, int End, string Comment)
{
    /// <summary>As nginx writes it.</summary>
    public string Name => Port == 0 ? Address : Address.Contains(':', StringComparison.Ordinal) ? $"[{Address}]:{Port}" : $"{Address}:{Port}";
}
