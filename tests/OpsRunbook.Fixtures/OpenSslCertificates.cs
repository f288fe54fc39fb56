namespace OpsRunbook.Fixtures;

/// <summary>Every sort of certificate, made by openssl once for a test process; <c>make-certificates.sh</c> says what is there.</summary>
public static class OpenSslCertificates
{
    private static readonly Lazy<Task<string>> Shared = new(MakeAsync);

    /// <summary>Makes them, unless they are there already.</summary>
    /// <returns>Their folder. Leave its files as they are.</returns>
    public static Task<string> FolderAsync() => Shared.Value;

    private static async Task<string> MakeAsync()
    {
        _ = Tool.Require("openssl", "openssl", "openssl");
        var folder = TestRun.NewFolder("certificates");
        await Tool.RunAsync("sh", [TestRun.Extract("make-certificates.sh", folder), folder], timeout: TimeSpan.FromMinutes(3));
        return folder;
    }
}
