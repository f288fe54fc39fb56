namespace OpsRunbook.Engine.Disks;

/// <summary>A folder on the way of a walk. It stays open as long as something below it is still to be opened.</summary>
internal sealed class TreeFolder
{
    private int _users = 1;

    /// <summary>Creates a folder that is not open yet.</summary>
    /// <param name="parent">The folder that it is in, which it keeps open; null for the start.</param>
    /// <param name="name">Its name, or the path of the start, ending with NUL.</param>
    /// <param name="device">Its file system.</param>
    /// <param name="tag">What the visitor keeps of it.</param>
    public TreeFolder(TreeFolder? parent, byte[] name, ulong device, object? tag)
    {
        Parent = parent;
        Name = name;
        Device = device;
        Tag = tag;
        if (parent is not null)
        {
            Interlocked.Increment(ref parent._users);
        }
    }

    public TreeFolder? Parent { get; }

    public byte[] Name { get; }

    public ulong Device { get; }

    public object? Tag { get; }

    public int Descriptor { get; set; } = -1;

    /// <summary>Keeps it open for one more reader.</summary>
    public void Use() => Interlocked.Increment(ref _users);

    /// <summary>One reader needs it no more.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _users) > 0)
        {
            return;
        }

        if (Descriptor >= 0)
        {
            NativeFiles.Close(Descriptor);
        }

        Parent?.Release();
    }

    /// <summary>Path of something in it.</summary>
    /// <param name="name">Its name without NUL; empty for the folder itself.</param>
    /// <returns>The path without NUL.</returns>
    public byte[] PathOf(ReadOnlySpan<byte> name)
    {
        var path = Parent is null ? Name.AsSpan(0, Name.Length - 1).ToArray() : Parent.PathOf(Name.AsSpan(0, Name.Length - 1));
        return name.IsEmpty ? path : RawPaths.Join(path, name);
    }
}
