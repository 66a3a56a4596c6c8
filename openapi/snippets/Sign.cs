// Signs as a SNAP client does. In a console project of .NET 5 or newer, `dotnet run -- ..` tries it with every vector of
// ../vectors.tsv, which has the same vectors as vectors.json.

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

static class Sign
{
    // For your client: copy from here ...

    /// Removes the white space between the tokens of JSON. Every other character stays.
    static string Minify(string body) => Regex.Replace(body, @"(""(?:[^""\\]|\\.)*"")|[ \t\r\n]+", "$1");

    /// The string to sign of a token request, an asymmetric call or a notification.
    static string TokenString(string clientKey, string timestamp) => clientKey + "|" + timestamp;

    /// The string to sign of a symmetric call, and without a token (null) that of a body-signed call.
    static string CallString(string method, string url, string token, string body, string timestamp)
    {
        using (var sha256 = SHA256.Create())
        {
            byte[] hash = sha256.ComputeHash(Encoding.UTF8.GetBytes(Minify(body)));
            string hex = BitConverter.ToString(hash).Replace("-", "").ToLowerInvariant();
            return string.Join(":", new[] { method, url, token, hex, timestamp }.Where(part => part != null));
        }
    }

    /// SHA256withRSA, in base64. `privateKey.ImportFromPem(text)` reads the key from a PEM file.
    static string SignAsymmetric(RSA privateKey, string stringToSign) => Convert.ToBase64String(
        privateKey.SignData(Encoding.UTF8.GetBytes(stringToSign), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    /// HMAC-SHA512, in base64.
    static string SignSymmetric(string clientSecret, string stringToSign)
    {
        using (var hmac = new HMACSHA512(Encoding.UTF8.GetBytes(clientSecret)))
        {
            return Convert.ToBase64String(hmac.ComputeHash(Encoding.UTF8.GetBytes(stringToSign)));
        }
    }

    // ... to here. The rest tries it.

    static int Main(string[] arguments)
    {
        string folder = arguments.Length > 0 ? arguments[0] : "..";
        RSA key = RSA.Create();
        key.ImportFromPem(File.ReadAllText(Path.Combine(folder, "test-key-private.pem")));
        var lists = Vectors(Path.Combine(folder, "vectors.tsv")).ToLookup(vector => vector["list"] == "vectors");
        var failed = lists[true].Where(vector => !IsMade(vector, key)).Select(vector => vector["name"]).ToList();
        var verified = lists[false].Where(vector => Verifies(vector, key));
        failed.AddRange(verified.Select(vector => "must not verify: " + vector["name"]));
        failed.ForEach(Console.WriteLine);
        if (failed.Count > 0) return 1;
        int right = lists[true].Count(), wrong = lists[false].Count();
        Console.WriteLine("{0} signatures are right, and {1} wrong ones do not verify.", right, wrong);
        return 0;
    }

    /// Whether the functions above make the string and the signature of the vector.
    static bool IsMade(Dictionary<string, string> vector, RSA key)
    {
        string token = vector["access_token"] == "" ? null : vector["access_token"];
        string text = vector["method"] == ""
            ? TokenString(vector["client_key"], vector["timestamp"])
            : CallString(vector["method"], vector["endpoint_url"], token, vector["body"], vector["timestamp"]);
        string secret = vector["client_secret"];
        string signature = secret == "" ? SignAsymmetric(key, text) : SignSymmetric(secret, text);
        return text == vector["string_to_sign"] && signature == vector["signature"] && Verifies(vector, key);
    }

    /// Whether the signature of the vector is that of its string to sign.
    static bool Verifies(Dictionary<string, string> vector, RSA key)
    {
        string text = vector["string_to_sign"], signature = vector["signature"];
        if (vector["client_secret"] != "") return signature == SignSymmetric(vector["client_secret"], text);
        try
        {
            byte[] raw = Convert.FromBase64String(signature);
            // FromBase64String ignores line breaks, so the signature is written again and compared.
            return Convert.ToBase64String(raw) == signature && key.VerifyData(
                Encoding.UTF8.GetBytes(text), raw, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
        catch (FormatException)
        {
            return false;
        }
    }

    static IEnumerable<Dictionary<string, string>> Vectors(string table)
    {
        string[] lines = File.ReadAllText(table).Split('\n');
        string[] names = lines[0].Split('\t');
        return lines.Skip(1).Where(line => line != "").Select(line => names
            .Zip(line.Split('\t'), (name, value) => new { name, value = Regex.Unescape(value) })
            .ToDictionary(column => column.name, column => column.value));
    }
}
