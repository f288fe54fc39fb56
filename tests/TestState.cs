using System.Runtime.CompilerServices;

namespace OpsRunbook;

/// <summary>Keeps the journal of what tests change out of the journal of whoever runs them.</summary>
internal static class TestState
{
    [ModuleInitializer]
    internal static void UseOwnFolder()
    {
        var folder = Directory.CreateTempSubdirectory("opsrunbook-state-").FullName;
        Environment.SetEnvironmentVariable("OPSRUNBOOK_STATE", folder);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
    }
}
