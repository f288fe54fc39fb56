using System.Security.Cryptography;
using System.Text;
using OpsRunbook.Engine.State;

namespace OpsRunbook.Engine.Safety;

/// <summary>
/// Short marks by which two secrets are seen to be the same without being seen: the first six hexadecimal digits of their
/// HMAC-SHA256. The key is made once and kept in the state folder, so that nobody who only sees the marks can try out a list of
/// passwords against them. Marks therefore compare within one state folder, over all its hosts and over time, and nowhere else.
/// </summary>
public sealed class Fingerprints
{
    private const int KeyBytes = 32;
    private const int Digits = 6;
    private const string FileName = "fingerprint.key";

    private readonly byte[] _key;

    private Fingerprints(byte[] key) => _key = key;

    /// <summary>Reads the key, or makes it.</summary>
    /// <param name="output">Takes a warning when it cannot be kept.</param>
    /// <param name="folder">Folder to keep it in; null for <see cref="StateFolder.Path"/>.</param>
    /// <returns>The maker of marks.</returns>
    public static Fingerprints Open(IOperationOutput output, string? folder = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        var path = Path.Combine(folder ?? StateFolder.Path, FileName);
        try
        {
            StateFolder.Create(Path.GetDirectoryName(path)!);
            if (!File.Exists(path))
            {
                Create(path);
            }

            if (File.ReadAllBytes(path) is { Length: KeyBytes } key)
            {
                return new Fingerprints(key);
            }

            output.Warning($"The fingerprints of this call compare with each other only: the key {path} is damaged. Remove it to have a new one made.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            output.Warning($"The fingerprints of this call compare with each other only, because their key cannot be kept: {error.Message}");
        }

        return new Fingerprints(RandomNumberGenerator.GetBytes(KeyBytes));
    }

    /// <summary>The mark of a value.</summary>
    /// <param name="value">The value.</param>
    /// <returns>Six hexadecimal digits; null for nothing, which is no secret.</returns>
    public string? Of(string? value) => string.IsNullOrEmpty(value)
        ? null
        : Convert.ToHexString(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(value)))[..Digits].ToLowerInvariant();

    // Written aside and linked into place whole: of two commands that do it at once, one key stays.
    private static void Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var temporary = $"{path}.{Convert.ToHexString(RandomNumberGenerator.GetBytes(6))}";
        using (var file = new FileStream(temporary, options))
        {
            file.Write(RandomNumberGenerator.GetBytes(KeyBytes));
            file.Flush(flushToDisk: true);
        }

        try
        {
            File.Move(temporary, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(temporary);
        }
    }
}
