using System.Reflection;
using System.Runtime.Loader;

namespace OpsRunbook;

/// <summary>
/// Loads the cmdlets, the engine and their packages apart from everything else in the session, so
/// that another module's Npgsql or YamlDotNet neither disturbs this one nor is disturbed by it.
/// This assembly itself lives in the default context: its public types are one and the same for everybody.
/// </summary>
public sealed class LoadContext : AssemblyLoadContext
{
    private const string CmdletAssembly = "OpsRunbook.Cmdlets";
    private static readonly object Gate = new();
    private static LoadContext? s_instance;

    private readonly string _directory;
    private readonly Assembly _public = typeof(LoadContext).Assembly;

    private LoadContext(string directory)
        : base(nameof(OpsRunbook), isCollectible: false)
    {
        _directory = directory;
    }

    /// <summary>Loads the cmdlets from <c>private</c> beside this assembly; later calls return the same assembly.</summary>
    /// <returns>The assembly that holds the cmdlets.</returns>
    /// <exception cref="FileNotFoundException">The module was not built or its installation is not complete.</exception>
    public static Assembly Initialize()
    {
        lock (Gate)
        {
            s_instance ??= new LoadContext(
                Path.Combine(Path.GetDirectoryName(typeof(LoadContext).Assembly.Location) ?? string.Empty, "private"));
            return s_instance.LoadFromAssemblyName(new AssemblyName(CmdletAssembly));
        }
    }

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        ArgumentNullException.ThrowIfNull(assemblyName);
        if (string.Equals(assemblyName.Name, _public.GetName().Name, StringComparison.Ordinal))
        {
            return _public;
        }

        // What is not ours (System.*, System.Management.Automation) falls through to the default context.
        var path = Path.Combine(_directory, assemblyName.Name + ".dll");
        return File.Exists(path) ? LoadFromAssemblyPath(path) : null;
    }
}
