namespace OpsRunbook.Engine.Hosts;

/// <summary>A command as an argument vector. Secrets never belong in it; they travel through <see cref="StandardInput"/>.</summary>
/// <param name="Arguments">Executable and arguments.</param>
public sealed record HostCommand(params string[] Arguments)
{
    /// <summary>Bytes for standard input; null gives an empty one.</summary>
    public ReadOnlyMemory<byte>? StandardInput { get; init; }

    /// <summary>What follows <see cref="StandardInput"/> as it comes; its end closes standard input. Null for nothing more.</summary>
    public IAsyncEnumerable<ReadOnlyMemory<byte>>? FurtherInput { get; init; }

    /// <summary>Variables added to the environment. Not for secrets: other users may be able to read them.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Longest run; afterwards the command is ended and <c>Host.CommandTimeout</c> thrown.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Output beyond this is read and thrown away, and <see cref="CommandResult.Truncated"/> set.</summary>
    public int MaximumOutputBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Writes all its input to a stream.</summary>
    /// <param name="stream">Standard input of the started command.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    /// <returns>A task that ends with the last byte; the stream stays open.</returns>
    internal async Task WriteInputAsync(Stream stream, CancellationToken cancellationToken)
    {
        if (StandardInput is { Length: > 0 } content)
        {
            await stream.WriteAsync(content, cancellationToken);
            await stream.FlushAsync(cancellationToken);
        }

        if (FurtherInput is { } further)
        {
            await foreach (var chunk in further.WithCancellation(cancellationToken))
            {
                await stream.WriteAsync(chunk, cancellationToken);
                await stream.FlushAsync(cancellationToken);
            }
        }
    }

    /// <summary>Executable name, for messages.</summary>
    public string Name => Arguments.Length == 0 ? string.Empty : Arguments[0];
}
