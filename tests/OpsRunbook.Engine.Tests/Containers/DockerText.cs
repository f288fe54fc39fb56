using System.Globalization;

namespace OpsRunbook.Engine.Tests.Containers;

/// <summary>Reads the sizes that docker prints: <c>1.5MiB</c> in powers of 1024, <c>1.2kB</c> in powers of 1000.</summary>
internal static class DockerText
{
    public static double Bytes(string text)
    {
        var number = text.TrimEnd('i', 'B', 'k', 'K', 'M', 'G', 'T');
        var unit = text[number.Length..];
        var step = unit.EndsWith("iB", StringComparison.Ordinal) ? 1024 : 1000;
        return double.Parse(number, CultureInfo.InvariantCulture) * Math.Pow(step, "BKMGT".IndexOf(char.ToUpperInvariant(unit[0]), StringComparison.Ordinal));
    }
}
