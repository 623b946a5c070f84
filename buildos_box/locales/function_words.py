"""The small words of each language: those that hardly a sentence does without, by its tongue.

They tell what a text is written in, whatever it is about (`written_in`). A word that several
languages have stands in each of them.
"""

_LISTS = {
    "en": "a an and are as at be before but by can do for from has have how if in into is it its"
    " more most no not of on one only or out so than that the their them then there these they"
    " this to up was what when which who will with you your",
    "de": "aber alle als am an auch auf aus bei bis da damit das dass dein deine deinen deiner dem"
    " den der des die dir dich dies diese dieser du ein eine einem einen einer eines er es für"
    " hast hat heute ihr im in ist jede jeden kann kein keine mehr mit nach nicht noch nur ob oder"
    " ohne sie sich sind so steht über um und vom von vor was wenn wer wie wird wo zu zum zur",
    "fr": "à au aussi aux avant avec ce cela ces cette chaque comme dans de des deux donc du elle"
    " elles en est et être faire il ils je la le les leur lui ma mais ne notre nous on ou où par"
    " pas plus pour que qui sa sans se ses si son sont sur ta tes ton tout un une vos votre vous y"
    " avez c d l n qu s",
    "es": "a al antes así cada como con cuando de del desde dos el ella ellos en es esta está este"
    " esto hacer hay la las le lo los más me mi muy nada no o para pero por que qué se sin sobre"
    " son su sus te tiene tienes todo tu tus un una uno y ya",
    "pt": "a ao aos antes as até cada com como da das de dela dele do dos e é ela ele em entre essa"
    " esse esta está este fazer há isso isto já mais mas na não nas no nos o os ou para pela pelo"
    " por que quando se sem seu seus só sua suas também tem ter tudo um uma você",
    "it": "a ai al alla alle anche c che ci come con cosa da dal dalla degli dei del della delle di"
    " e è ed fare fra gli ha hai i il in io l la le lo ma mi nei nel nella non o ogni per più prima"
    " quando questa questo se sei senza si sono su sua sul sulla suo ti tra tu tua tuo un una",
    "nl": "aan al alle als bij dan dat de deze die dit door dus een en er geen hebben hebt heeft"
    " het hier hoe iets ik in is je jij jouw kan kunnen maar meer met moet na naar niet nog nu of"
    " om onder ook op over te tot uit uur van vandaag veel voor waar wat we wel worden wordt zijn"
    " zo zonder",
    "pl": "ale bez być był była było ci co czy dla do dziś dzisiaj gdy i ich ile inne jak jako je"
    " jego jej jest jeszcze już każdy kiedy który która które ma masz może na nad nie niż o od oraz"
    " po pod przed przez przy się są ta tak te tego tej ten to tu twoje twój tylko tym w we więc"
    " wszystko z za zanim ze że żeby",
}
FUNCTION_WORDS = {tongue: frozenset(words.split()) for tongue, words in _LISTS.items()}
