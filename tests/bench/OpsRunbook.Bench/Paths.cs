namespace OpsRunbook.Bench;

/// <summary>Where things are.</summary>
internal static class Paths
{
    /// <summary>The checkout.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The published console runner.</summary>
    public static string Runner => Path.Combine(Root, "artifacts/opsrunbook/opsrunbook");

    /// <summary>Monitoring Plugins, as Debian installs them.</summary>
    public static string Plugins => "/usr/lib/nagios/plugins";

    public static bool Exists(string program) => (Environment.GetEnvironmentVariable("PATH") ?? string.Empty)
        .Split(':')
        .Any(folder => File.Exists(Path.Combine(folder, program)));

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "OpsRunbook.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("Not inside a checkout.");
        }

        return folder;
    }
}
