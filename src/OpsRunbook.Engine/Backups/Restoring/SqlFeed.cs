using System.Runtime.CompilerServices;

namespace OpsRunbook.Engine.Backups;

/// <summary>Reads a dump that is SQL through its filter into the program that loads it, and looks on the way whether it is complete.</summary>
/// <param name="check">Reads the set.</param>
/// <param name="filter">Lets pass what concerns the one database.</param>
/// <param name="progress">Told how many bytes were read; null for nobody.</param>
internal sealed class SqlFeed(SetCheck check, SqlDumpFilter filter, Action<long>? progress)
{
    /// <summary>Reads the set.</summary>
    public SetCheck Check => check;

    /// <summary>What was wrong with the dump; null when it was read to its end and is whole.</summary>
    public OpsException? Failure { get; private set; }

    /// <summary>The whole dump has gone through.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>What passes.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>Bytes for the program.</returns>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (content, file) = await check.OpenDataAsync(cancellationToken);
        await using (content)
        {
            var dump = new SqlDump.Reader(content, file.Shown);
            var buffer = new byte[256 * 1024];
            while (true)
            {
                ReadOnlyMemory<byte> passed;
                try
                {
                    var count = await dump.ReadAsync(buffer, cancellationToken);
                    if (count == 0)
                    {
                        dump.RequireComplete();
                        await check.FinishAsync(file, cancellationToken);
                        passed = filter.End();
                        IsComplete = true;
                    }
                    else
                    {
                        passed = filter.Pass(buffer.AsSpan(0, count));
                        progress?.Invoke(count);
                    }
                }
                catch (OpsException error)
                {
                    // The program sees an early end of its input; this is the reason.
                    Failure = error;
                    yield break;
                }

                if (passed.Length > 0)
                {
                    yield return passed;
                }

                if (IsComplete)
                {
                    yield break;
                }
            }
        }
    }
}
