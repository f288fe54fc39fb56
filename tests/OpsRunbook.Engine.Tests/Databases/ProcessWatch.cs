namespace OpsRunbook.Engine.Tests.Databases;

/// <summary>Reads the arguments and environments of all other processes over and over, and keeps those that hold a secret.</summary>
internal sealed class ProcessWatch : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<string> _texts = new(StringComparer.Ordinal);
    private readonly string[] _secrets;
    private readonly Task _watching;

    public ProcessWatch(params string[] secrets)
    {
        _secrets = secrets;
        _watching = Task.Run(Watch);
    }

    /// <summary>What held a secret.</summary>
    public IEnumerable<string> Seen => _texts.Where(text => _secrets.Any(secret => text.Contains(secret, StringComparison.Ordinal)));

    /// <summary>Stops looking.</summary>
    /// <param name="client">Part of the arguments of the program that was to be seen.</param>
    /// <returns>How many processes of it were seen.</returns>
    public async Task<int> EndAsync(string client)
    {
        await _stop.CancelAsync();
        await _watching;
        return _texts.Count(text => text.Contains(client, StringComparison.Ordinal));
    }

    public void Dispose() => _stop.Dispose();

    private void Watch()
    {
        var own = Environment.ProcessId.ToString();
        while (!_stop.IsCancellationRequested)
        {
            foreach (var folder in Directory.EnumerateDirectories("/proc").Where(folder => char.IsAsciiDigit(folder[6]) && folder[6..] != own))
            {
                foreach (var file in (string[])["cmdline", "environ"])
                {
                    try
                    {
                        _texts.Add(File.ReadAllText(Path.Combine(folder, file)));
                    }
                    catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                    {
                        // The process has ended meanwhile.
                    }
                }
            }
        }
    }
}
