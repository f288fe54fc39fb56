using System.Text;

namespace OpsRunbook.Engine.Disks;

/// <summary>Paths as bytes.</summary>
internal static class RawPaths
{
    /// <summary>A folder's path and a name in it.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="name">The name.</param>
    /// <returns>The path.</returns>
    public static byte[] Join(ReadOnlySpan<byte> folder, ReadOnlySpan<byte> name)
    {
        var slash = folder.EndsWith("/"u8) ? 0 : 1;
        var path = new byte[folder.Length + slash + name.Length];
        folder.CopyTo(path);
        path[folder.Length + slash - 1] = (byte)'/';
        name.CopyTo(path.AsSpan(folder.Length + slash));
        return path;
    }

    /// <summary>For the kernel: with NUL at the end.</summary>
    /// <param name="path">The path or name.</param>
    /// <returns>A copy that ends with NUL.</returns>
    public static byte[] Terminate(ReadOnlySpan<byte> path)
    {
        var terminated = new byte[path.Length + 1];
        path.CopyTo(terminated);
        return terminated;
    }

    /// <summary>For people.</summary>
    /// <param name="path">The path.</param>
    /// <returns>Text in which what is no UTF-8 is replaced.</returns>
    public static string ToText(ReadOnlySpan<byte> path) => Encoding.UTF8.GetString(path);

    /// <summary>Is the path the folder, or in it?</summary>
    /// <param name="path">The path.</param>
    /// <param name="folder">The folder.</param>
    /// <returns>True when it is.</returns>
    public static bool IsUnder(ReadOnlySpan<byte> path, ReadOnlySpan<byte> folder) =>
        path.StartsWith(folder) && (path.Length == folder.Length || folder.EndsWith("/"u8) || path[folder.Length] == (byte)'/');
}
