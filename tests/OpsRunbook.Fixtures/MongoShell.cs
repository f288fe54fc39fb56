namespace OpsRunbook.Fixtures;

/// <summary>The <c>mongosh</c> that the tests run, which stands in <c>PATH</c> from then on.</summary>
public sealed class MongoShell
{
    private MongoShell(string program) => Program = program;

    /// <summary>Path of the program.</summary>
    public string Program { get; }

    internal static Task<MongoShell> CreateAsync()
    {
        var program = Tool.Find("mongosh") ?? (File.Exists(InCache) ? InCache : throw new ServerUnavailableException("mongosh", "there is no mongosh (npm install --global mongosh)"));

        Environment.SetEnvironmentVariable("PATH", $"{Environment.GetEnvironmentVariable("PATH")}:{Path.GetDirectoryName(program)}");
        return Task.FromResult(new MongoShell(program));
    }

    private static string InCache => Path.Combine(TestRun.CacheFolder, "npm", "node_modules", ".bin", "mongosh");
}
