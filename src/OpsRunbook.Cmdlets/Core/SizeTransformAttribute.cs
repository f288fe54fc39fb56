using System.Globalization;
using System.Management.Automation;

namespace OpsRunbook.Cmdlets;

/// <summary>Lets a <see cref="long"/> parameter take <c>500MB</c>, <c>2G</c>, <c>64KiB</c>, or a bare number of bytes.</summary>
internal sealed class SizeTransformAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        var (value, text) = NumericLiteral.Unwrap(inputData);
        if (value is null)
        {
            return value;
        }

        // 1.5GB comes as a double; the text of an unquoted literal is read by the same rules as quoted text.
        text ??= value is double number ? number.ToString("F0", CultureInfo.InvariantCulture) : Convert.ToString(value, CultureInfo.InvariantCulture);
        return ByteSize.TryParse(text, out var bytes)
            ? bytes
            : throw new ArgumentTransformationMetadataException($"'{text}' is not a size; write for example 500MB, 2GB or 65536.");
    }
}
