using System.Security.Cryptography;
using System.Text;

namespace OpsRunbook.Fixtures;

/// <summary>The server's half of SCRAM-SHA-256 (RFC 7677) for one login.</summary>
/// <param name="password">Finds the password of a user; null for nobody of that name.</param>
internal sealed class ScramServer(Func<string, string?> password)
{
    private const int Iterations = 4096;

    private readonly byte[] _salt = RandomNumberGenerator.GetBytes(16);
    private string _nonce = string.Empty;
    private string _beginning = string.Empty;

    /// <summary>Who logs in; known after the first message.</summary>
    public string User { get; private set; } = string.Empty;

    /// <summary>Answers the first message of a client.</summary>
    public string Begin(string message)
    {
        var bare = message[(message.IndexOf(",,", StringComparison.Ordinal) + 2)..];
        var fields = Fields(bare);
        User = fields['n'].Replace("=2C", ",", StringComparison.Ordinal).Replace("=3D", "=", StringComparison.Ordinal);
        _nonce = fields['r'] + Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));
        var answer = $"r={_nonce},s={Convert.ToBase64String(_salt)},i={Iterations}";
        _beginning = $"{bare},{answer}";
        return answer;
    }

    /// <summary>Answers the proof of a client; null when it does not know the password.</summary>
    public string? End(string message)
    {
        if (password(User) is not { } known)
        {
            return null;
        }

        var fields = Fields(message);
        var salted = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(known), _salt, Iterations, HashAlgorithmName.SHA256, 32);
        var clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        var all = Encoding.UTF8.GetBytes($"{_beginning},{message[..message.LastIndexOf(",p=", StringComparison.Ordinal)]}");
        var proof = clientKey.Zip(HMACSHA256.HashData(SHA256.HashData(clientKey), all), (one, other) => (byte)(one ^ other)).ToArray();
        return fields['r'] == _nonce && CryptographicOperations.FixedTimeEquals(proof, Convert.FromBase64String(fields['p']))
            ? "v=" + Convert.ToBase64String(HMACSHA256.HashData(HMACSHA256.HashData(salted, "Server Key"u8), all))
            : null;
    }

    private static Dictionary<char, string> Fields(string message) => message.Split(',').ToDictionary(field => field[0], field => field[2..]);
}
