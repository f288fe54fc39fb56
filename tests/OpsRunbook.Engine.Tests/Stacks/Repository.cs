namespace OpsRunbook.Engine.Tests.Stacks;

/// <summary>The checkout that the tests run in.</summary>
internal static class Repository
{
    private static readonly string Root = FindRoot();

    public static string File(string path) => Path.Combine(Root, path);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!System.IO.File.Exists(Path.Combine(folder!.FullName, "OpsRunbook.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}
