using System.Globalization;

namespace OpsRunbook.Fixtures;

/// <summary>A small file system of its own (tmpfs) to fill; needs root.</summary>
public sealed class SmallDisk : IAsyncDisposable
{
    private readonly long _bytes;

    private SmallDisk(long bytes)
    {
        _bytes = bytes;
        Folder = TestRun.NewFolder("disk");
    }

    /// <summary>Where it is mounted.</summary>
    public string Folder { get; }

    /// <summary>Fills it.</summary>
    /// <param name="percent">Used part, 0 to 100.</param>
    /// <returns>A task.</returns>
    public async Task FillAsync(int percent)
    {
        await using var file = File.Create(Path.Combine(Folder, "ballast"));
        var content = new byte[64 * 1024];
        for (var left = _bytes * percent / 100; left > 0; left -= content.Length)
        {
            await file.WriteAsync(content.AsMemory(0, (int)Math.Min(left, content.Length)));
        }
    }

    /// <summary>Unmounts it.</summary>
    /// <returns>A task.</returns>
    public async ValueTask DisposeAsync()
    {
        await Tool.RunAsync("umount", [Folder]);
        Directory.Delete(Folder);
    }

    internal static async Task<SmallDisk> CreateAsync(long bytes)
    {
        if (!Tool.IsRoot)
        {
            throw new ServerUnavailableException("a file system of its own", "mounting one needs root");
        }

        var disk = new SmallDisk(bytes);
        var result = await Tool.TryRunAsync(
            "mount", ["-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={bytes},mode=0777"), "opsrunbook-test", disk.Folder]);
        return result.ExitCode == 0 ? disk : throw new ServerUnavailableException("a file system of its own", result.Error.Trim());
    }
}
